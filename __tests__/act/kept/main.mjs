import { cpSync, existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

const { RECORD = '', GITHUB_WORKSPACE = '', INPUT_PATH = '', INPUT_NAME, INPUT_KEY } = process.env
const from = resolve(GITHUB_WORKSPACE, INPUT_PATH)
const to = join(RECORD, 'kept', INPUT_NAME || INPUT_KEY || 'unnamed', basename(from))
if (INPUT_PATH !== '' && existsSync(from)) cpSync(from, to, { recursive: true })
