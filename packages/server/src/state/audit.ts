/** What somebody changed or took away with them. The newest are kept. */
export interface AuditEntry {
  /** Rises with time. */
  readonly id: string
  readonly atMs: number
  /** `key k7f3`, `user ada@example.com`, `local`. */
  readonly actor: string
  readonly tenantId?: string
  /** `key.create`, `budget.update`, `events.clear`, `events.export`, ... */
  readonly action: string
  /** What it was done to. */
  readonly target?: string
  readonly facts?: Readonly<Record<string, string | number | boolean | null>>
}
