/** Light or dark as the system says, also when it changes its mind while the page is open. */
const dark = matchMedia('(prefers-color-scheme: dark)')
const paint = () => {
  const page = document.querySelector('rapi-doc')
  page.setAttribute('theme', dark.matches ? 'dark' : 'light')
  page.setAttribute('bg-color', dark.matches ? '#0e1115' : '#fafaf9')
  page.setAttribute('primary-color', dark.matches ? '#86acff' : '#2a58cc')
  page.setAttribute('nav-bg-color', dark.matches ? '#14181d' : '#ffffff')
  page.setAttribute('nav-text-color', dark.matches ? '#a0a9b4' : '#575f6a')
}
dark.addEventListener('change', paint)
paint()
