console.log('Watching what is left at the end of the job.')
