/** Words that some YAML reader takes for something else than text. */
const SPECIAL = /^(?:true|false|null|yes|no|on|off|y|n)$/i

/** A value that every YAML reader reads as this very text, and no log as anything else. */
export function scalar(value: string): string {
  if (/^[A-Za-z][A-Za-z0-9._/-]*$/.test(value) && !SPECIAL.test(value)) return value
  // JSON's strings are YAML's as well. `##[` would be a command to the runner.
  return JSON.stringify(value)
    .replaceAll(/[^ -~]/g, (unit) => `\\u${hex(unit)}`)
    .replaceAll('##[', `\\u${hex('#')}#[`)
}

function hex(unit: string): string {
  return unit.charCodeAt(0).toString(16).padStart(4, '0')
}
