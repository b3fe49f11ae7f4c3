export * from './judgement.ts'
export * from './provider-health.ts'
export * from './settings.ts'
export * from './verdict.ts'
