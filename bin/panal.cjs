#!/usr/bin/env node
'use strict';
// The installed command. `import()` does not parse on a very old Node, so it stays in a file that is read after the check.

require('./check-node.cjs');
require('./start.cjs');
