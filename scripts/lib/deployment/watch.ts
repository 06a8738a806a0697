/** Views that remember what their groups said last, so that a failure can be told of by its cause. */
import type { Probe } from '../../../renderers/renderer.ts'
import type { GroupHealth, GroupView } from './groups.ts'

export interface Watch {
  readonly views: readonly GroupView[]
  /** Of these, each that was asked, with its last answer. */
  last(of: readonly GroupView[]): readonly (readonly [GroupView, GroupHealth])[]
}

/** `each` is told of every answer as it comes. */
export function watch(views: readonly GroupView[], each: (health: GroupHealth) => void): Watch {
  const answers = new Map<GroupView, GroupHealth>()
  return {
    views: views.map((view) => ({
      ...view,
      answered: (health) => {
        answers.set(view, health)
        each(health)
      },
    })),
    last: (of) =>
      of.flatMap((view) => {
        const health = answers.get(view)
        return health === undefined ? [] : [[view, health] as const]
      }),
  }
}

/** A host's own probes, asked like those of a group that it is alone in. */
export function ownView(host: string, probes: readonly Probe[]): GroupView {
  const member = { id: host, host, votes: 0, needs: [], provides: [], up: probes }
  const group = { id: host, kind: 'pool', minimum: 0, soakSeconds: 0, members: [member], agree: [] } as const
  return { group, members: [member] }
}
