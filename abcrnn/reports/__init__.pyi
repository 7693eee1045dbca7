from abcrnn.reports.model_card import ModelCard as ModelCard
from abcrnn.reports.model_card import examine as examine
from abcrnn.reports.piano_roll import plot_notes as plot_notes
from abcrnn.reports.plots import plot_card as plot_card
from abcrnn.reports.plots import plot_copying as plot_copying
from abcrnn.reports.plots import plot_history as plot_history
