/** The registry: the only place where a service is listed. Sorted by service. */
import { corosync } from './corosync/index.ts'
import { custom } from './custom/index.ts'
import { dnsmasq } from './dnsmasq/index.ts'
import { haproxy } from './haproxy/index.ts'
import { interfaces } from './interfaces/index.ts'
import { keepalived } from './keepalived/index.ts'
import { prometheus } from './prometheus/index.ts'
import type { Renderer } from './renderer.ts'
import { tinc } from './tinc/index.ts'

export const renderers: readonly Renderer[] = [
  corosync,
  custom,
  dnsmasq,
  haproxy,
  interfaces,
  keepalived,
  prometheus,
  tinc,
]
