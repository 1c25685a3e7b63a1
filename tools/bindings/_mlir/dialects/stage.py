"""Python classes of the `stage` dialect: operations, types, attributes."""

from .._mlir_libs._stageDialect import (  # noqa: F401
    HandleType,
    KvType,
    PlacementAttr,
    TokensType,
    WorkAttr,
)
from ._stage_ops_gen import *  # noqa: F403
from ._stage_ops_gen import _Dialect  # noqa: F401
