import './app.css'
import './lib/theme.svelte.ts'
import { mount } from 'svelte'
import Root from './root.svelte'

const target = document.getElementById('app')
if (target) mount(Root, { target })
