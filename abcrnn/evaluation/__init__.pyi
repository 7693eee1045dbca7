from abcrnn.evaluation.comparison import Comparison as Comparison
from abcrnn.evaluation.comparison import compare as compare
from abcrnn.evaluation.held_out import evaluate as evaluate
from abcrnn.evaluation.scoring import Scorer as Scorer
from abcrnn.evaluation.temperature import tune_temperature as tune_temperature
