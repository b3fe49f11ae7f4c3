/** Characters that begin or end markup anywhere in a line of GitHub Flavored Markdown. */
const MARKUP = /[\\`*[\]<>|~]/g
/** Between letters or digits an underscore is no markup, and names are full of them. */
const UNDERSCORE = /(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu
const ENTITY = /&(?=#?\w+;)/g
/** What turns into a link by itself. */
const AUTOLINK = /:(?=\/\/)|(?<=\bwww)\.|@/gi
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu
/** Marks that turn the direction of what follows, beyond the text they stand in. */
const DIRECTION = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/**
 * Somebody else's text as it may stand in a line or a table cell of Markdown: it shows as it is and ends nothing.
 *
 * @example markdownText("a|b\n<c>") // "a\\|b \\<c\\>"
 */
export function markdownText(text: string): string {
  return text
    .toWellFormed()
    .replace(DIRECTION, '')
    .replace(BREAKS, ' ')
    .replace(MARKUP, '\\$&')
    .replace(UNDERSCORE, '\\_')
    .replace(ENTITY, '\\&')
    .replace(AUTOLINK, '\\$&')
    .trim()
}
