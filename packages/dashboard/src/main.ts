import './app.css'
import './lib/theme.svelte.ts'
import { mount } from 'svelte'
import App from './app.svelte'
import { sectionOf } from './lib/sections.ts'

const target = document.getElementById('app')
const section = sectionOf(location.pathname)
if (target && section) {
  // Apart from the figures, which most visits are for: they come without this.
  void import('./control/page.svelte').then(({ default: Page }) => mount(Page, { target, props: { section } }))
} else if (target) mount(App, { target })
