/** How long a reviewer waits for the example lab, and for a very large one. */
import { join } from 'node:path'
import { loadRenderers } from '../definition/registry.ts'
import { readSources } from '../definition/source.ts'
import { packageRoot } from '../roots.ts'
import { cellsService } from './cells-service.ts'
import { labSources } from './lab-sources.ts'
import { previewTimes, type PreviewTimes } from './preview.ts'
import type { BenchReport } from './report.ts'
import { timed } from './timing.ts'

/** Of the example lab, and of 300 hosts in either shape. Medians. */
export async function previews(runs: number): Promise<BenchReport['preview']> {
  const renderers = await loadRenderers(packageRoot)
  const example = await readSources(join(packageRoot, 'lab'))
  const changed = example.map((source) =>
    source.path === 'services/dnsmasq.yaml'
      ? { ...source, text: source.text.replace('lease: 48h', 'lease: 24h') }
      : source,
  )
  const made = (shape: 'cells' | 'one-vpn') =>
    [labSources({ hosts: 300, shape, edition: 0 }), labSources({ hosts: 300, shape, edition: 1 })] as const
  const all = [...renderers, cellsService]
  const medianOf = (sides: Parameters<typeof previewTimes>[0], registry: typeof renderers): PreviewTimes => {
    const each = Array.from({ length: runs }, () => previewTimes(sides, registry, () => performance.now()))
    const stage = (name: keyof PreviewTimes) => timed(each.map((times) => times[name])).median
    return {
      check: stage('check'),
      render: stage('render'),
      compare: stage('compare'),
      diff: stage('diff'),
      plan: stage('plan'),
    }
  }
  return {
    example: medianOf([example, changed], renderers),
    cells: medianOf(made('cells'), all),
    oneVpn: medianOf(made('one-vpn'), all),
  }
}
