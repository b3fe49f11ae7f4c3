/** One sentence at a time for those who listen to the page. */
class Announcement {
  text = $state('')
}

export const announcement = new Announcement()

export function announce(text: string): void {
  announcement.text = text
}
