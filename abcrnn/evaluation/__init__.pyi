from abcrnn.evaluation.held_out import evaluate as evaluate
from abcrnn.evaluation.scoring import Scorer as Scorer
