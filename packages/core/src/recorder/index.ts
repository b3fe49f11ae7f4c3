/** Recording inside a process, and what waits there for a server. */
export * from './pending.ts'
