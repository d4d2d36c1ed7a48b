"""The partner API (contract: buffer.openapi.yaml)."""
