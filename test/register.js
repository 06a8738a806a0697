import { register } from 'node:module'

register('./text-files.js', import.meta.url)
