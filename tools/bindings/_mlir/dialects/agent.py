"""Python classes of the `agent` dialect: operations, enums, types, attributes."""

from .._mlir_libs._agentDialect import (  # noqa: F401
    BudgetAttr,
    DistAttr,
    DocsType,
    EmbeddingType,
    ListType,
    RecordType,
    SessionType,
    SlaAttr,
    TextType,
)
from ._agent_enum_gen import *  # noqa: F403
from ._agent_ops_gen import *  # noqa: F403
from ._agent_ops_gen import _Dialect  # noqa: F401
