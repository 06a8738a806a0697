import { isDeepStrictEqual } from 'node:util'
import { quiet, type PerHost, type Transition } from '../renderer.ts'
import { keyChanges } from './key-change.ts'
import { loaded } from './loaded.ts'
import { membership } from './membership.ts'
import type { Refusal } from './refusal.ts'
import type { CorosyncSettings } from './settings.ts'

/** Rolling for the first deployment and for what corosync-cfgtool -R can change; everything else is for a person. */
export function transition(before: PerHost<CorosyncSettings>, after: PerHost<CorosyncSettings>): Transition {
  const old = Object.values(before)[0]
  const now = Object.values(after)[0]
  if (now === undefined)
    return old === undefined ? { kind: 'rolling' } : refuse({ why: 'corosync leaves the lab', manual: dissolve })
  if (old === undefined) return first(after)
  const apart = Object.keys(after).find((host) => !isDeepStrictEqual(after[host]?.cluster, now.cluster))
  if (apart !== undefined) {
    const why = `${apart} would keep another corosync.conf than the others`
    return refuse({ why, manual: 'Change all nodes in one run, without --only.' })
  }
  const isProxmox = Object.values({ ...before, ...after }).some(({ platform }) => platform === 'proxmox')
  // Some hosts may have the new one already: an earlier run did not get through.
  const refusals = Object.values(before).flatMap((each) =>
    [...keyChanges(each, after, isProxmox), membership(each.cluster, now.cluster, isProxmox) ?? []].flat(),
  )
  const [refusal] = refusals.toSorted((a, b) => Number(a.byHand !== undefined) - Number(b.byHand !== undefined))
  if (refusal === undefined) return { kind: 'rolling' }
  const { why, manual, byHand: rest } = refusal
  return rest === undefined ? refuse(refusal) : { kind: 'by-hand', why, manual, done: loaded(now.cluster), rest }
}

/** No corosync runs yet: the file alone tells nobody; the unit's own part starts it host by host. */
function first(after: PerHost<CorosyncSettings>): Transition {
  return {
    kind: 'rolling',
    effects: Object.fromEntries(Object.keys(after).map((host) => [host, { corosync: quiet }])),
  }
}

const dissolve =
  'Decide what becomes of what needs the quorum first. Then, on each node: systemctl disable --now corosync; and release the host: quorate release HOST.'

function refuse({ why, manual }: Refusal): Transition {
  return { kind: 'refuse', why, manual }
}
