import { OTHER_COLOUR } from '@tallystick/core/insight'

export { assignColours, COLOURS, OTHER_COLOUR as OTHER } from '@tallystick/core/insight'

/** The CSS variable of a colour. */
export function colourVariable(colour: number): string {
  return colour === OTHER_COLOUR ? '--series-other' : `--series-${colour}`
}
