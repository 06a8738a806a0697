/** What a reviewer waits for: both sides checked and rendered, compared, shown as lines and planned. */
import type { Renderer } from '../../../renderers/renderer.ts'
import { compare } from '../bundle/compare.ts'
import { diffChanges } from '../bundle/diff.ts'
import { renderLab } from '../bundle/render.ts'
import type { Rendering } from '../bundle/rendering.ts'
import { define } from '../definition/definition.ts'
import type { Source } from '../definition/source.ts'
import { plan } from '../rollout/plan.ts'

/** Milliseconds per stage, both sides together. */
export type PreviewTimes = Readonly<Record<'check' | 'render' | 'compare' | 'diff' | 'plan', number>>

/** Goes through all stages of a preview. `now`: milliseconds, a clock that only goes forward. */
export function previewTimes(
  sides: readonly [before: readonly Source[], after: readonly Source[]],
  renderers: readonly Renderer[],
  now: () => number,
): PreviewTimes {
  const spent = { check: 0, render: 0, compare: 0, diff: 0, plan: 0 }
  const timed = <T>(stage: keyof PreviewTimes, work: () => T): T => {
    const begun = now()
    const result = work()
    spent[stage] += now() - begun
    return result
  }
  const [before, after] = sides.map((sources): Rendering => {
    const { lab, problems, secrets } = timed('check', () => define(sources, 'lab', renderers))
    if (lab === null) throw new Error(`the lab is not sound: ${problems[0]?.file}: ${problems[0]?.message}`)
    return timed('render', () => renderLab(lab, renderers, secrets.fingerprints).rendering)
  }) as [Rendering, Rendering]
  const changes = timed('compare', () => compare(before, after))
  timed('diff', () => diffChanges(before, after, changes))
  const result = timed('plan', () => plan(before, after, changes, renderers, { last: [] }))
  if (result.kind !== 'rollout') throw new Error(`there is no rollout: ${result.refusals[0]?.why}`)
  return spent
}
