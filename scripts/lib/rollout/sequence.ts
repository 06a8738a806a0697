/** The order in which steps are put into waves: cheap to lose first, and nothing before what it stands on. */
import { byCodeUnits } from '../bundle/canonical.ts'
import type { Draft } from './draft.ts'
import type { Class, Precedence } from './precedence.ts'

/**
 * By layer, except that a part comes after new parts that it needs and leaves before parts that it needed. Inside a part: first
 * where it is new (the group grows before anything is taken from it), last where it leaves; hosts to come last at the end, and
 * before them what takes a member in charge away; else in the order of its group's members (backups first), then by name.
 */
export function sequence({ classes, waits, compare }: Precedence): readonly Draft[] {
  const left = classes.toSorted(
    (a, b) => a.layer - b.layer || byCodeUnits(a.name, b.name) || Number(a.leaves) - Number(b.leaves),
  )
  const done: Class[] = []
  while (left.length > 0) {
    // Parts that need each other in a circle go by layer.
    const free = left.findIndex((each) => !left.some((other) => waits(each, other)))
    done.push(...left.splice(Math.max(free, 0), 1))
  }
  return done.flatMap(({ drafts }) => drafts.toSorted((a, b) => compare(a, b) || byCodeUnits(hostOf(a), hostOf(b))))
}

function hostOf(draft: Draft): string {
  return draft.writes[0]?.host ?? ''
}
