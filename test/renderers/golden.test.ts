/** Every file of every service, as it stands in renderers/<service>/golden/<lab>/<host>/<path>; QUORATE_UPDATE_GOLDENS=1 writes them anew. */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { createTwoFilesPatch } from 'diff'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { shownText } from '../../scripts/lib/bundle/text.ts'
import { renderers } from '../../renderers/index.ts'
import type { Lab, Renderer } from '../../renderers/renderer.ts'
import { labFolders, labIn } from './lab-folder.ts'

const top = new URL('../../renderers/', import.meta.url).pathname
const names = Object.keys(labFolders) as (keyof typeof labFolders)[]

for (const name of names) {
  const lab = await labIn(name)
  for (const renderer of renderers) {
    const folder = join(top, renderer.service, 'golden', name)
    const files = rendered(renderer, lab)
    if (process.env['QUORATE_UPDATE_GOLDENS'] === '1') await update(folder, files)
    test(`${renderer.service} renders the lab "${name}" as its goldens show`, async () => {
      const golden = await readTree(folder)
      const paths = [...new Set([...Object.keys(golden), ...Object.keys(files)])].toSorted()
      const different = paths.filter((path) => golden[path] !== files[path])
      const diffs = different.map((path) => createTwoFilesPatch(path, path, golden[path] ?? '', files[path] ?? ''))
      assert.is(diffs.join('\n'), '', `the goldens below ${folder} differ:\n${diffs.join('\n')}`)
    })
    test(`every file of ${renderer.service} in the lab "${name}" ends with a newline and has a path and mode that a host accepts`, () => {
      for (const file of filesOf(renderer, lab)) {
        const at = `${file.host}:${file.path}`
        assert.match(file.path, /^(?:\/[A-Za-z0-9._@:+-]+)+$/, at)
        assert.match(file.mode, /^0[0-7]{3}$/, at)
        assert.ok(file.shown.endsWith('\n'), at)
        assert.not.match(file.shown, /[\ue000\ue001]|undefined|\[object/, at)
        assert.not.match(file.shown, /[ \t]$/m, `${at} has white space at the end of a line`)
      }
    })
  }
}

test('a golden that differs from what is rendered is found', async () => {
  const [renderer] = renderers.filter((one) => one.service === 'dnsmasq')
  assert.ok(renderer)
  const lab = await labIn('example')
  const files = rendered(renderer, { ...lab, domain: 'other.example' })
  const golden = await readTree(join(top, 'dnsmasq', 'golden', 'example'))
  assert.is.not(files['dns1/etc/dnsmasq.conf'], golden['dns1/etc/dnsmasq.conf'])
})

function filesOf(renderer: Renderer, lab: Lab) {
  return Object.entries(renderer.settings(lab)).flatMap(([host, settings]) =>
    renderer
      .parts(host, settings)
      .flatMap((part) => part.files.map((file) => ({ ...file, host, shown: shownText(file.text) }))),
  )
}

function rendered(renderer: Renderer, lab: Lab): Record<string, string> {
  return Object.fromEntries(filesOf(renderer, lab).map((file) => [`${file.host}${file.path}`, file.shown]))
}

async function update(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

async function readTree(folder: string): Promise<Record<string, string>> {
  // A service that a lab does not run has no goldens there.
  if (!existsSync(folder)) return {}
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const read = files.map(async (file) => [relative(folder, file), await readFile(file, 'utf8')] as const)
  return Object.fromEntries(await Promise.all(read))
}

test.run()
