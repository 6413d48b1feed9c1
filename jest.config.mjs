export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/__tests__'],
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/jest.temp.mjs',
  globalTeardown: '<rootDir>/jest.temp-end.mjs',
  transform: { '^.+\\.ts$': '<rootDir>/jest.strip.mjs' },
  clearMocks: true,
  // The long form of the properties (`npm run bar`) takes ten times as long as the usual one.
  testTimeout: 60_000 * Math.max(1, Number(process.env.PROPERTY_RUNS ?? 1000) / 1000),
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
}
