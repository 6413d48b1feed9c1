process.exitCode = 1
const { main } = await import('./index.js')
await main()
