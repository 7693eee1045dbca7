from abcrnn.composition.composer import Composition as Composition
from abcrnn.composition.composer import YieldError as YieldError
from abcrnn.composition.composer import compose as compose
from abcrnn.composition.composer import reproduce as reproduce
from abcrnn.composition.requests import Requests as Requests
from abcrnn.composition.rewriting import Rewriting as Rewriting
from abcrnn.composition.rewriting import rewrite as rewrite
