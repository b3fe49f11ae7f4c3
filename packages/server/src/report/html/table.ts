import { rowBar } from './chart.ts'
import { html, type Markup } from './markup.ts'

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => Markup | string
  /** Words stand to the left, figures to the right. */
  readonly words?: true
}

/** A table that scrolls by itself where it is too wide. */
export function table<Row>(label: string, rows: readonly Row[], columns: readonly Column<Row>[]): Markup {
  return html`<div class="scroll"><table aria-label="${label}"><thead><tr>${columns.map(
    ({ head, words }) => html`<th scope="col"${words ? html` class="left"` : undefined}>${head}</th>`,
  )}</tr></thead><tbody>${rows.map(
    (row) =>
      html`<tr>${columns.map(
        ({ cell, words }, index) =>
          html`<td${words ? html` class="left${index === 0 ? ' name' : ''}"` : undefined}>${cell(row)}</td>`,
      )}</tr>`,
  )}</tbody></table></div>`
}

/** A name from outside, kept to itself whatever direction it is written in; with its share of the whole below. */
export function nameCell(
  { name, other }: { readonly name: string | null; readonly other?: true | undefined },
  share: number | null = null,
  groups?: number,
): Markup {
  const shown =
    other === true
      ? html`<span class="faint">other${groups === undefined ? '' : ` (${groups})`}</span>`
      : name === null
        ? html`<span class="faint">none</span>`
        : html`<bdi>${name}</bdi>`
  return html`${shown}${share === null ? undefined : rowBar(share)}`
}
