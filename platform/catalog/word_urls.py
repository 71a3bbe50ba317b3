"""`/words/…`: the glossary."""

from django.urls import path

from catalog import word_views

app_name = "words"
urlpatterns = [
    path("", word_views.word_list, name="list"),
    path("<slug:slug>/", word_views.word_card, name="card"),
]
