export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/jest.temp.mjs',
  globalTeardown: '<rootDir>/jest.temp-end.mjs',
  transform: { '^.+\\.ts$': '<rootDir>/jest.strip.mjs' },
  clearMocks: true,
  testTimeout: 60_000,
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
}
