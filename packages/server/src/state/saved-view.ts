/** A view of the dashboard under a name: which page, and what its address says. */
export interface SavedView {
  readonly id: string
  /** Who is shown it. Absent: those who see the whole server. */
  readonly tenantId?: string
  readonly name: string
  readonly path: string
  /** Parameters of the address, decoded and in order: so a name within them is found when a user is erased. */
  readonly parameters: readonly [name: string, text: string][]
  /** As the audit log names whoever saved it. */
  readonly actor: string
  /** The key by which it was saved, where it was by one. */
  readonly keyId?: string
  readonly createdMs: number
  readonly updatedMs: number
}
