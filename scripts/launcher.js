#!/usr/bin/env node
// Starts quorate. In a checkout a build that does not match the sources is never run; an installed package is built already.
import { existsSync } from 'node:fs'

const sources = new URL('./quorate.ts', import.meta.url)
const packed = new URL('../dist/quorate.js', import.meta.url)

/** The entry to run, built first where it has to be. */
async function entry() {
  if (!existsSync(sources)) return packed.href
  const { freshBuild } = await import('./build.js')
  return await freshBuild()
}

try {
  const { main } = await import(await entry())
  await main()
} catch (error) {
  process.stderr.write(
    `error: quorate could not be started: ${error instanceof Error ? error.message : String(error)}\n`,
  )
  process.stderr.write('  next  in a checkout: npm ci; in a repository of your own: npm install quorate again\n')
  process.exitCode = 4
}
