import { test } from 'uvu'
import { killsIn, ofAllHosts } from './kills.ts'

killsIn(ofAllHosts, 'deployer-killed')

test.run()
