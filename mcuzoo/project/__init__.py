"""An exported project as data: its manifest, and where its parts are."""
