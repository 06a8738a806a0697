/** Everything that a lab has to be beyond the schema, whichever services it runs. */
import type { Finding } from '../../../../renderers/renderer.ts'
import type { Draft, Rule } from '../draft.ts'
import { addressesAreUnique, addressesFit } from './address-rules.ts'
import { managementIsApart, nodesExist } from './cluster-rules.ts'
import { gatewaysFit } from './gateway-rules.ts'
import { guestsFit } from './guest-rules.ts'
import { numbersAreUnique, tagsAreNoNames } from './host-rules.ts'
import { interfacesAreUnique, mtusFit, networksAreDisjoint, routersAreInside } from './network-rules.ts'
import { portsFit } from './port-rules.ts'

const rules: readonly Rule[] = [
  addressesAreUnique,
  addressesFit,
  gatewaysFit,
  guestsFit,
  interfacesAreUnique,
  managementIsApart,
  mtusFit,
  networksAreDisjoint,
  nodesExist,
  numbersAreUnique,
  portsFit,
  routersAreInside,
  tagsAreNoNames,
]

/** What breaks any of the rules. */
export function brokenRules(draft: Draft): readonly Finding[] {
  return rules.flatMap((rule) => rule(draft))
}
