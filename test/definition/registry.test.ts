import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderers as own } from '../../renderers/index.ts'
import { loadRenderers } from '../../scripts/lib/definition/registry.ts'
import { FailureError } from '../../scripts/lib/failure.ts'
import { packageRoot } from '../../scripts/lib/roots.ts'

const root = mkdtempSync(join(tmpdir(), 'quorate-registry-'))
test.after(() => rmSync(root, { recursive: true, force: true }))

/** A repository with this registry, or none. */
function repository(registry: string | null): string {
  const folder = mkdtempSync(join(root, 'repository-'))
  symlinkSync(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  if (registry === null) return folder
  rmSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'node_modules'))
  mkdirSync(join(folder, 'renderers'))
  writeFileSync(join(folder, 'renderers/index.ts'), registry)
  writeFileSync(join(folder, 'renderers/motd.njk'), 'hello {{ name }}\n')
  return folder
}

const motd = `import { quiet } from 'quorate/renderer'
import file from './motd.njk'
export const renderers = [{ service: 'motd', effect: quiet, file }]`

test("quorate's own repository and one without a registry are rendered with quorate's own services", async () => {
  assert.is(await loadRenderers(packageRoot), own)
  assert.is(await loadRenderers(repository(null)), own)
})

test("a repository's registry is used instead, with its templates and the running quorate's interface", async () => {
  const folder = repository(motd)
  const loaded = JSON.parse(JSON.stringify(await loadRenderers(folder))) as unknown
  const effect = { acts: [], interrupts: [], maxSeconds: 0 }
  const file = { name: 'renderers/motd.njk', text: 'hello {{ name }}\n' }
  assert.equal(loaded, [{ service: 'motd', effect, file }])
})

test("quorate's own list in it is the very same list", async () => {
  const folder = repository(`export { renderers } from 'quorate/renderers'`)
  assert.is(await loadRenderers(folder), own)
})

test('a changed registry is built again, an unchanged one is kept, and nothing half-written is left', async () => {
  const folder = repository(`export const renderers = [{ service: 'one' }]`)
  await Promise.all([loadRenderers(folder), loadRenderers(folder)])
  writeFileSync(join(folder, 'renderers/index.ts'), `export const renderers = [{ service: 'two' }]`)
  const [two] = await loadRenderers(folder)
  assert.is(two?.service, 'two')
  const kept = readdirSync(join(folder, 'node_modules/.cache/quorate'))
  assert.is(kept.length, 2)
  assert.ok(kept.every((name) => /^renderers-[0-9a-f]{16}\.mjs$/.test(name)))
})

const unusable: readonly (readonly [what: string, registry: string, says: string])[] = [
  ['does not parse', 'export const renderers = [', 'renderers/index.ts:1'],
  ['imports what is not there', `import './gone.ts'\nexport const renderers = []`, './gone.ts'],
  ['exports no list', 'export const services = []', 'exports no list named "renderers"'],
  ['throws', `throw new Error('on purpose')`, 'on purpose'],
]

for (const [what, registry, says] of unusable) {
  test(`a registry that ${what} is refused with its place and the reason`, async () => {
    const folder = repository(registry)
    try {
      await loadRenderers(folder)
      assert.unreachable('it was accepted')
    } catch (error) {
      assert.instance(error, FailureError)
      const { failure, exit } = error as FailureError
      assert.is(exit, 1)
      assert.match(failure.what, says)
      assert.is(failure.where, join(folder, 'renderers/index.ts'))
    }
  })
}

test.run()
