#!/usr/bin/env node
process.exitCode = 4
require('./index.js').cli()
