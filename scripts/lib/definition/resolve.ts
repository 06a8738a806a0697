/** The files of a lab → a draft of it. */
import type { Json, Lab, Management, Platform } from '../../../renderers/lab.ts'
import type { Finding } from '../../../renderers/renderer.ts'
import { readAddress } from './address.ts'
import type { Draft } from './draft.ts'
import { nameOf } from './file-kind.ts'
import { isSound, ordered, sortedByKey, soundEntries, type LabFile } from './lab-file.ts'
import { resolveHosts } from './resolve-hosts.ts'
import { resolveNetworks } from './resolve-networks.ts'

/** `texts` are the user's own files, by path below files/; `known` are the services there can be. What cannot be understood is left out of the draft and named in `unsure`. */
export function resolve(
  files: readonly LabFile[],
  texts: Readonly<Record<string, string>>,
  known: readonly string[],
): { readonly draft: Draft; readonly findings: readonly Finding[] } {
  const services = files.filter(({ kind }) => kind.of === 'service')
  const run = services.map(({ path }) => nameOf(path))
  const carriers = { services: run, complete: run.every((service) => known.includes(service)) }
  const networks = resolveNetworks(
    files.find(({ kind }) => kind.of === 'networks'),
    carriers,
  )
  const general = generalFacts(files.find(({ kind }) => kind.of === 'lab'))
  const hosts = resolveHosts(files, general.platform, networks)
  const lab: Lab = {
    name: general.name,
    domain: general.domain,
    management: general.management,
    networks: networks.networks,
    hosts: Object.fromEntries(hosts.sound.map(({ host }) => [host.name, host])),
    services: servicesOf(services.filter(isSound)),
    files: texts,
  }
  const draft: Draft = {
    lab,
    addresses: hosts.sound.flatMap(({ addresses }) => addresses),
    gateways: hosts.sound.flatMap(({ gateways }) => gateways),
    routers: networks.routers,
    mentioned: new Set(files.flatMap(({ value }) => mentionedIn(value))),
    unsure: {
      hosts: hosts.unsure,
      networks: networks.unsure,
      services: new Set(services.filter((file) => !isSound(file)).map(({ path }) => nameOf(path))),
      tags: new Set(files.filter((file) => hosts.unsure.has(nameOf(file.path))).flatMap(tagsIn)),
      files: new Set(files.filter((file) => !isSound(file)).map(({ path }) => path)),
    },
  }
  return { draft, findings: [...networks.findings, ...hosts.findings] }
}

interface General {
  readonly name: string
  readonly domain: string | null
  readonly platform: Platform
  readonly management: Management
}

interface WrittenManagement extends Partial<Omit<Management, 'port' | 'otherPorts'>> {
  readonly port?: number | readonly number[]
}

/** Where lab.yaml has a mistake, values that let the other rules go on; such a lab is never handed out. */
function generalFacts(file: LabFile | undefined): General {
  const written = Object.fromEntries(file === undefined ? [] : soundEntries(file)) as Partial<
    Omit<General, 'management'> & { readonly management: WrittenManagement }
  >
  const [port = 22, ...otherPorts] = [written.management?.port ?? []].flat()
  return {
    name: written.name ?? 'lab',
    domain: written.domain ?? null,
    platform: written.platform ?? 'proxmox',
    management: {
      user: written.management?.user ?? 'root',
      port,
      ...(otherPorts.length === 0 ? {} : { otherPorts }),
      network: written.management?.network ?? '',
    },
  }
}

function tagsIn({ value }: LabFile): readonly string[] {
  const tags = (value as { readonly tags?: unknown } | null | undefined)?.tags
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : []
}

function mentionedIn(value: unknown): readonly string[] {
  if (value !== null && typeof value === 'object') return Object.values(value).flatMap(mentionedIn)
  if (typeof value !== 'string') return []
  return value.split(/[\s,-]+/).flatMap((text) => readAddress(text)?.ip ?? [])
}

function servicesOf(files: readonly LabFile[]): Lab['services'] {
  return Object.fromEntries(
    sortedByKey(files.map(({ path, value }) => [nameOf(path), ordered(value as Json)] as const)),
  )
}
