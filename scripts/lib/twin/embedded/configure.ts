/** A host that somebody set up by hand: every file of its bundle is in place and its units are enabled, but nothing was deployed. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fill, type Secrets } from '../../bundle/fill.ts'
import type { Bundle, FileManifest, Rendering } from '../../bundle/rendering.ts'

const wants = 'etc/systemd/system/multi-user.target.wants'

/** Fills the folder of a host that was furnished before; its units start when it is switched on. */
export function configure(folder: string, bundle: Bundle, rendering: Rendering, secrets: Secrets): void {
  const files = bundle.parts.flatMap((part) => part.files)
  for (const file of files) put(folder, file, rendering, secrets)
  mkdirSync(join(folder, wants), { recursive: true })
  for (const unit of enabledUnits(files)) {
    symlinkSync(`/lib/systemd/system/${unit.replace(/@[^.]*/, '@')}`, join(folder, wants, unit))
  }
}

function put(folder: string, file: FileManifest, rendering: Rendering, secrets: Secrets): void {
  const text = rendering.contents[file.content] ?? []
  const serials = Object.fromEntries(
    text.flatMap((piece) => (typeof piece === 'object' && 'serial' in piece ? [[piece.serial, 1]] : [])),
  )
  const path = join(folder, file.path)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, fill(text, secrets, serials))
  chmodSync(path, Number.parseInt(file.mode, 8))
}

function enabledUnits(files: readonly FileManifest[]): readonly string[] {
  const acts = files.flatMap(({ onChange }) => onChange.acts)
  return [...new Set(acts.flatMap((act) => ('unit' in act && act.do === 'enable' ? [act.unit] : [])))].toSorted()
}
