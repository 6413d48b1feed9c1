console.log('Nothing was kept yet.')
