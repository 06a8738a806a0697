import { test } from 'uvu'
import { killsIn, ofOneHost } from './kills.ts'

killsIn(ofOneHost, 'wan-cut')

test.run()
