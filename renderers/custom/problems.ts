import {
  doubt,
  hostsOf,
  mistake,
  serviceOf,
  servicePlace,
  type Finding,
  type Host,
  type Lab,
  unknownHosts,
} from '../renderer.ts'
import { nearest } from '../nearest.ts'
import { unknownMembers } from '../unknown-name.ts'
import { TemplateError } from '../template.ts'
import { pathOf, textOf, type AskedItem, type CustomService } from './settings.ts'
import { candidates, sourceOf } from './source.ts'
import { wayInProblems } from './way-in.ts'

/** Hosts and sources that are not there, templates that do not render, paths asked for twice, sources that nothing uses. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<CustomService>(lab, 'custom') ?? {}
  return [
    ...Object.entries(service).flatMap(([name, item]) => [
      ...unknownMembers(lab, item.hosts, servicePlace('custom', name, 'hosts')),
      ...files(lab, name, item),
      ...patterns(name, item),
    ]),
    ...twice(lab, service),
    ...unused(lab, service),
    ...wayInProblems(lab, service),
  ]
}

function files(lab: Lab, name: string, item: AskedItem): readonly Finding[] {
  return item.files.flatMap((asked, index) => {
    const at = servicePlace('custom', name, 'files', index)
    for (const host of hostsOf(lab, item.hosts)) {
      const found = file(lab, host, pathOf(asked), at)
      if (found !== null) return [found]
    }
    return []
  })
}

/** The first thing wrong with one file on one host. */
function file(lab: Lab, host: Host, path: string, at: Finding['at']): Finding | null {
  if (path.split('/').includes('..') || path.includes('//')) {
    return mistake('path-not-plain', at, `${path} is not a plain path`, 'write it without ".." and "//"')
  }
  if (path.startsWith('/etc/pve/')) {
    return mistake(
      'path-in-pmxcfs',
      at,
      `${path} is on the cluster's file system, which the Proxmox web interface writes to as well`,
      'leave it to Proxmox VE',
    )
  }
  if (sourceOf(lab, host, path) === null) {
    const places = candidates(host, path)
    const place = places.at(-4) ?? path
    const meant = nearest(place, Object.keys(lab.files))
    const help = `write lab/files/${place}${meant === null ? '' : `, or rename lab/files/${meant}, if that was meant`}`
    return mistake('source-missing', at, `${path} has no source for ${host.name} in lab/files/`, help)
  }
  try {
    textOf(lab, host, path)
    return null
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    return mistake('template-fails', at, `${cause.message} (for ${host.name})`, 'mend the template')
  }
}

/** Patterns that are no regular expressions would be found on the host only. */
function patterns(name: string, item: AskedItem): readonly Finding[] {
  return (['check', 'probe'] as const).flatMap((list) =>
    (item[list] ?? []).flatMap((probe, index) =>
      (['stdout', 'stderrNot'] as const).flatMap((key) => {
        const pattern = probe[key]
        const why = pattern === undefined ? null : fault(pattern)
        if (why === null) return []
        return [
          mistake(
            'bad-pattern',
            servicePlace('custom', name, list, index, key),
            `"${pattern}" is no regular expression: ${why}`,
            'mend it, or put a backslash before special characters',
          ),
        ]
      }),
    ),
  )
}

function fault(pattern: string): string | null {
  try {
    return RegExp(pattern, 'm') && null
  } catch (cause) {
    return (cause as Error).message
  }
}

function twice(lab: Lab, service: CustomService): readonly Finding[] {
  const uses = Object.entries(service).flatMap(([name, item]) =>
    item.files.map((asked, index) => ({ name, index, path: pathOf(asked), hosts: hostsOf(lab, item.hosts) })),
  )
  return uses.flatMap(({ name, index, path, hosts: mine }, nth) => {
    const other = uses.slice(0, nth).find((use) => use.path === path && use.hosts.some((host) => mine.includes(host)))
    if (other === undefined) return []
    return [
      mistake(
        'file-taken',
        servicePlace('custom', name, 'files', index),
        `${path} is written by "${other.name}" already`,
        'keep it in one item',
      ),
    ]
  })
}

function unused(lab: Lab, service: CustomService): readonly Finding[] {
  const items = Object.values(service)
  const used = new Set(
    items.flatMap((item) =>
      hostsOf(lab, item.hosts).flatMap((host) => item.files.map((asked) => sourceOf(lab, host, pathOf(asked)))),
    ),
  )
  // Of an item with a misspelt host nobody knows which sources it would use.
  const unsure = items
    .filter(({ hosts }) => unknownHosts(lab, hosts).length > 0)
    .flatMap((item) => item.files.map(pathOf))
  const mayBeUsed = (source: string) => unsure.some((path) => [path, `${path}.njk`].some((end) => source.endsWith(end)))
  return Object.keys(lab.files)
    .filter((source) => !used.has(source) && !mayBeUsed(source))
    .toSorted()
    .map((source) => {
      const message = `lab/files/${source} is used by nothing`
      return doubt('source-unused', servicePlace('custom'), message, 'name its path in an item, or remove the file')
    })
}
