/** As much of pino's interface as is used; any logger with these three will do. */
export interface Logger {
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
