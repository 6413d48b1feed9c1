/** Removes what jest.temp.mjs has made. */
export default function close() {
  globalThis.removeTemp()
}
