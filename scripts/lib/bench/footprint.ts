/** What quorate takes up on a disk, and how long it takes to start, against a Node that does nothing. */
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../roots.ts'
import { runProgram } from './run-program.ts'
import { interleaved, type Timed } from './timing.ts'

export interface Footprint {
  /** Bytes of the package itself as it is installed, and of everything that it depends on. Null where npm cannot tell. */
  readonly size: { readonly own: number; readonly dependencies: number; readonly packages: number } | null
  readonly starts: Readonly<Record<'node' | 'help' | 'check', Timed>>
}

/** `launcher`: what `quorate` runs. */
export async function footprint(launcher: string, runs: number): Promise<Footprint> {
  const node = async (...args: readonly string[]) => {
    await runProgram(process.execPath, args)
  }
  const starts = await interleaved(
    {
      node: () => node('-e', '0'),
      help: () => node(launcher, '--help'),
      check: () => node(launcher, 'check', '--lab', join(packageRoot, 'lab')),
    },
    runs,
  )
  return { size: await installedSize().catch(() => null), starts }
}

async function installedSize(): Promise<NonNullable<Footprint['size']>> {
  const packed = await runProgram('npm', ['pack', '--dry-run', '--json'], { cwd: packageRoot })
  const [{ unpackedSize }] = JSON.parse(packed.slice(packed.indexOf('['))) as [{ unpackedSize: number }]
  const listed = await runProgram('npm', ['ls', '--omit=dev', '--omit=peer', '--all', '--parseable'], {
    cwd: packageRoot,
  })
  const folders = [...new Set(listed.split('\n').filter((line) => line.includes('node_modules')))]
  const dependencies = folders.reduce((total, folder) => total + bytesIn(folder), 0)
  return { own: unpackedSize, dependencies, packages: folders.length }
}

/** Without what other packages are installed below it: those are listed themselves. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => name !== 'node_modules')
    .reduce((total, entry) => {
      const path = join(folder, entry.name)
      return total + (entry.isDirectory() ? bytesIn(path) : lstatSync(path).size)
    }, 0)
}
