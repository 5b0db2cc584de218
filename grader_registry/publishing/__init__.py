"""From an authoring file to a published version: measured, compared, signed."""
