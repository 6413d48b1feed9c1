process.exitCode = 1
const { post } = await import('./index.js')
await post()
