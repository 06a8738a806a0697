import { hostsOf, serviceOf, servicePlace, unknownHosts, type Finding, type Host, type Lab } from '../renderer.ts'
import { suggestion } from '../suggestion.ts'
import { TemplateError } from '../template.ts'
import { pathOf, textOf, type AskedItem, type CustomService } from './settings.ts'
import { candidates, sourceOf } from './source.ts'

/** Hosts and sources that are not there, templates that do not render, paths asked for twice, sources that nothing uses. */
export function problems(lab: Lab): readonly Finding[] {
  const service = serviceOf<CustomService>(lab, 'custom') ?? {}
  return [
    ...Object.entries(service).flatMap(([name, item]) => [
      ...hosts(lab, name, item),
      ...files(lab, name, item),
      ...patterns(name, item),
    ]),
    ...twice(lab, service),
    ...unused(lab, service),
  ]
}

function hosts(lab: Lab, name: string, item: AskedItem): readonly Finding[] {
  return unknownHosts(lab, item.hosts).map((host) => {
    const known = [
      'all',
      'nodes',
      'guests',
      ...Object.keys(lab.hosts),
      ...Object.values(lab.hosts).flatMap((one) => one.tags),
    ]
    const at = servicePlace('custom', name, 'hosts', item.hosts.indexOf(host))
    return error(
      'unknown-host',
      at,
      `"${host}" is no host and no group of this lab`,
      suggestion(host, [...new Set(known)]),
    )
  })
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
    return error('path-not-plain', at, `${path} is not a plain path`, 'write it without ".." and "//"')
  }
  if (path.startsWith('/etc/pve/')) {
    return error(
      'path-in-pmxcfs',
      at,
      `${path} is on the cluster's file system, which the Proxmox web interface writes to as well`,
      'leave it to Proxmox VE',
    )
  }
  if (sourceOf(lab, host, path) === null) {
    const places = candidates(host, path)
    const near = Object.keys(lab.files)
    const help =
      near.length === 0
        ? `write lab/files/${places.at(-4) ?? places[0]}`
        : `write lab/files/${places.at(-4) ?? places[0]}, or ${suggestion(places.at(-4) ?? '', near)}`
    return error('source-missing', at, `${path} has no source for ${host.name} in lab/files/`, help)
  }
  try {
    textOf(lab, host, path)
    return null
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    return error('template-fails', at, `${cause.message} (for ${host.name})`, 'mend the template')
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
          error(
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
      error(
        'file-taken',
        servicePlace('custom', name, 'files', index),
        `${path} is written by "${other.name}" already`,
        'keep it in one item',
      ),
    ]
  })
}

function unused(lab: Lab, service: CustomService): readonly Finding[] {
  const used = new Set(
    Object.values(service).flatMap((item) =>
      hostsOf(lab, item.hosts).flatMap((host) => item.files.map((asked) => sourceOf(lab, host, pathOf(asked)))),
    ),
  )
  return Object.keys(lab.files)
    .filter((source) => !used.has(source))
    .toSorted()
    .map((source) => ({
      ...error(
        'source-unused',
        servicePlace('custom'),
        `lab/files/${source} is used by nothing`,
        'name its path in an item, or remove the file',
      ),
      severity: 'warning',
    }))
}

function error(rule: string, at: Finding['at'], message: string, help: string, onKey = false): Finding {
  return { rule, severity: 'error', at, message, help, ...(onKey ? { onKey } : {}) }
}
