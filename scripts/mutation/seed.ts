import fc from 'fast-check'

// A mutant that lives in one run and dies in the next says nothing about the tests.
fc.configureGlobal({ seed: 20261130 })
