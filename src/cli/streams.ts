import { codeOf } from '../retry.ts'
import { EXIT } from './exit.ts'

/**
 * A reader that has seen enough (`| head`) is no fault: the command goes on to its end without a word, so that its exit
 * code still tells the answer. What cannot be written for another reason must not look like success.
 */
export function minds(stream: NodeJS.WriteStream): void {
  stream.on('error', (error) => {
    if (codeOf(error) === 'EPIPE') return
    process.exitCode = EXIT.unanswered
    if (stream !== process.stderr)
      process.stderr.write(`✗ file: The output cannot be written (${codeOf(error)}).\n`)
  })
}
