import { createHash } from 'node:crypto'
import { stripTypeScriptTypes } from 'node:module'

// Types become blanks, so lines and columns of a failure are those of the source.
export default {
  process: (source) => ({ code: stripTypeScriptTypes(source, { mode: 'strip' }) }),
  getCacheKey: (source, path) =>
    createHash('sha1').update(process.version).update(path).update(source).digest('hex'),
}
