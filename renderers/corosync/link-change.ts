/** Which changes of links corosync takes while it runs. */
import type { PerHost } from '../renderer.ts'
import type { Refusal } from './refusal.ts'
import type { Cluster, CorosyncSettings } from './settings.ts'

/**
 * Null where a reload brings the links from old to new without taking the last one away. Tried with corosync 3.1.7: links are added and taken away
 * while the others carry on, and the ring stays the same; but the addresses of a link that stays are kept, -R fails ("To reconfigure an
 * interface it must be deleted and recreated. A working interface needs to be available to corosync at all times") and no other key is read.
 * So a link goes elsewhere by becoming another number, which is one reload and one version.
 */
export function linkChange(old: CorosyncSettings, after: PerHost<CorosyncSettings>): Refusal | null {
  const now = Object.values(after)[0]
  if (now === undefined) return null
  const [was, is] = [old.cluster.numbers, now.cluster.numbers]
  const changes = {
    moved: was.filter((number) => is.includes(number) && movedNodes(number, old, now).length > 0),
    gone: was.filter((number) => !is.includes(number)),
    added: is.filter((number) => !was.includes(number)),
  }
  const kept = was.filter((number) => is.includes(number) && !changes.moved.includes(number))
  if (Object.values(changes).every((numbers) => numbers.length === 0)) return null
  return sole(changes, kept, old) ?? several(changes) ?? inPlace(changes, old, now) ?? cutOff(changes, old, after)
}

/** Numbers of links by what becomes of them. */
interface Changes {
  readonly moved: readonly number[]
  readonly gone: readonly number[]
  readonly added: readonly number[]
}

function sole({ moved, gone }: Changes, kept: readonly number[], old: CorosyncSettings): Refusal | null {
  if (kept.length > 0) return null
  const numbers = [...moved, ...gone].toSorted((a, b) => a - b)
  const what = numbers.map((number) => nameOf(number, old)).join(' and ')
  return {
    why: `${what} ${numbers.length === 1 ? 'is the only link, and it changes' : 'change, and no link stays as it is'}: nothing would carry the cluster meanwhile`,
    manual: numbers.length > 1 ? onePerVersion(numbers) : secondFirst,
  }
}

function several({ moved, gone, added }: Changes): Refusal | null {
  const [away, come] = [[...moved, ...gone], added]
  if (away.length <= 1 && come.length <= 1) return null
  const many = (away.length > 1 ? away : come).toSorted((a, b) => a - b)
  const verb = away.length > 1 ? 'change' : 'are added'
  return {
    why: `links ${many.join(' and ')} ${verb} in one version of services/corosync.yaml`,
    manual: onePerVersion(many),
  }
}

function onePerVersion([first, ...others]: readonly number[]): string {
  return `One link per version: change link ${first} first, run quorate deploy, then link ${others.join(', then link ')}.`
}

const secondFirst =
  'Add a second link first: another network in links of services/corosync.yaml, with an address for every node, then quorate deploy; after that change this one.'

function inPlace({ moved, gone, added }: Changes, old: CorosyncSettings, now: CorosyncSettings): Refusal | null {
  const number = moved[0]
  if (number === undefined) return null
  const [first] = movedNodes(number, old, now)
  const file = first === undefined ? '' : ` (nodes/${first.name}.yaml, addresses.${networkOf(number, now)})`
  const why = `link ${number} gets another address on ${movedNodes(number, old, now)
    .map(({ name, from, to }) => `${name}: ${from} → ${to}`)
    .join(', ')}${file}; corosync keeps the address of a link for as long as the link has its number`
  if (number === 0) return { why, manual: linkZero }
  const free = [1, 2, 3, 4, 5, 6, 7].find((each) => !old.cluster.numbers.includes(each))
  const more = gone.length + added.length > 0 ? ' Leave the other links as they are.' : ''
  return {
    why,
    manual: `In services/corosync.yaml give the link another number in the same change: links: [ …, { network: ${networkOf(number, now)}, number: ${free ?? 'a free one'} } ], and let each node keep its old address behind the new one until that is deployed: ${networkOf(number, now)}: [NEW, OLD]. Then run quorate deploy.${more}`,
  }
}

const linkZero =
  'corosync counts its nodes by link 0, so that one stays and its addresses change by restarts, while another link carries the cluster. Disarm HA where there is any. Give every node its new address beside the old one (NETWORK: [OLD, NEW]) and run quorate deploy. Then put the new link 0 addresses and a config_version one higher into corosync.conf (Proxmox VE: /etc/pve/corosync.conf, by way of corosync.conf.new and mv; elsewhere /etc/corosync/corosync.conf on every node), and on one node after the other: systemctl restart corosync, and wait until corosync-quorumtool -s names all members. At the end change the order in the nodes’ files and run: quorate deploy --adopt.'

/** Until corosync lets go of a link, its address has to be there: otherwise the link is down while other steps count on it. */
function cutOff({ gone }: Changes, old: CorosyncSettings, after: PerHost<CorosyncSettings>): Refusal | null {
  for (const number of gone) {
    const network = networkOf(number, old)
    const cut = old.cluster.nodes.flatMap((node) => {
      const address = addressOf(number, old.cluster, node.name)
      const host = after[node.name]
      if (host === undefined || address === null) return []
      const standing = host.standing[network]
      return standing === undefined || standing.includes(address) ? [] : [{ name: node.name, address }]
    })
    const [first] = cut
    if (first === undefined) continue
    const names = cut.map(({ name, address }) => `${name} (${address})`).join(', ')
    return {
      why: `link ${number} is taken away while ${names} gives up its address in "${network}" in the same change (nodes/${first.name}.yaml, addresses.${network})`,
      manual: `Keep the old address behind the new one for this change, ${network}: [NEW, ${first.address}], run quorate deploy, and take it out afterwards.`,
    }
  }
  return null
}

interface Moved {
  readonly name: string
  readonly from: string
  readonly to: string
}

/** Nodes that stay, and whose address of this link is another one. */
function movedNodes(number: number, old: CorosyncSettings, now: CorosyncSettings): readonly Moved[] {
  return now.cluster.nodes.flatMap(({ name }) => {
    const [from, to] = [addressOf(number, old.cluster, name), addressOf(number, now.cluster, name)]
    return from === null || to === null || from === to ? [] : [{ name, from, to }]
  })
}

function addressOf(number: number, cluster: Cluster, name: string): string | null {
  const index = cluster.numbers.indexOf(number)
  return cluster.nodes.find((node) => node.name === name)?.addresses[index] ?? null
}

function networkOf(number: number, { cluster, links }: CorosyncSettings): string {
  return links[cluster.numbers.indexOf(number)] ?? ''
}

function nameOf(number: number, settings: CorosyncSettings): string {
  return `link ${number} ("${networkOf(number, settings)}")`
}
