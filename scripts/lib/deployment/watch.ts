/** Views that remember what their groups said last, so that a failure can be told of by its cause. */
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
