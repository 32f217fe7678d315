"""``python -m wizard`` is the ``wizard`` command."""

import sys

from wizard.cli import main

sys.exit(main())
