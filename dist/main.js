process.exitCode = 1
require('./index.js').main()
